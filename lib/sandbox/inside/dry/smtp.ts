/** The receiving end of SMTP, as far as a client needs it to hand over a mail. @module */

/** A mail that was handed over. */
export interface HandedMail {
  signedIn: boolean;
  from: string;
  to: string[];
  /** Bytes, one a character. */
  message: string;
}

/** One conversation. Texts hold one byte a character. */
export interface SmtpConversation {
  /** What the server says first. */
  greeting: string;
  /** Takes what the client sent; answers what to say, in turn. */
  take(text: string): string;
}

/**
 * Makes a conversation that takes every mail. It offers STARTTLS where the connection is not `encrypted`, and lets
 * anyone sign in.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const mails: HandedMail[] = [];
 * const smtp = createSmtp(true, (mail) => mails.push(mail));
 * assertEquals(smtp.take("MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n").match(/^\d+/gm), ["250", "250", "354"]);
 * smtp.take("Subject: s\r\n\r\n..dot\r\n.\r\n");
 * assertEquals(mails, [{ signedIn: false, from: "a@x.example", to: ["b@y.example"], message: "Subject: s\r\n\r\n.dot" }]);
 * ```
 */
export function createSmtp(encrypted: boolean, onMail: (mail: HandedMail) => void): SmtpConversation {
  let rest = "";
  let signedIn = false;
  let from = "";
  let to: string[] = [];
  let inData = false;
  /** Lines still to come of a sign-in, and what is said before each. */
  let challenges: string[] = [];

  function reset() {
    from = "";
    to = [];
  }

  function signIn(method: string, initial: string): string {
    challenges = { PLAIN: initial ? [] : [""], LOGIN: initial ? [PASSWORD] : [USERNAME, PASSWORD] }[method] ??
      (initial ? [] : [method.startsWith("CRAM") ? CHALLENGE : ""]);
    return nextChallenge();
  }

  function nextChallenge(): string {
    const challenge = challenges[0];
    if (challenge !== undefined) return `334 ${challenge}`;
    signedIn = true;
    return "235 signed in";
  }

  function command(line: string): string {
    if (challenges.length > 0) {
      challenges = challenges.slice(1);
      return nextChallenge();
    }
    const [, verb = "", argument = ""] = /^(\S*)\s*(.*)$/.exec(line) ?? [];
    switch (verb.toUpperCase()) {
      case "EHLO":
      case "LHLO":
        return [...EXTENSIONS, ...encrypted ? [] : ["STARTTLS"]].map((name, i, all) =>
          `250${i === all.length - 1 ? " " : "-"}${name}`
        ).join("\r\n");
      case "AUTH": {
        const [method = "", initial = ""] = argument.split(" ");
        return signIn(method.toUpperCase(), initial);
      }
      case "STARTTLS":
        return "220 go ahead";
      case "MAIL":
        reset();
        from = addressIn(argument);
        return "250 ok";
      case "RCPT":
        to.push(addressIn(argument));
        return "250 ok";
      case "DATA":
        inData = true;
        return "354 go ahead";
      case "RSET":
        reset();
        return "250 ok";
      case "HELO":
      case "NOOP":
      case "VRFY":
        return "250 ok";
      case "QUIT":
        return "221 bye";
      default:
        return "500 not known here";
    }
  }

  /** The next answer; null while the client has more to say. */
  function step(): string | null {
    const end = inData ? /(^|\r\n)\.\r\n/.exec(rest) : /\r?\n/.exec(rest);
    if (end === null) return null;
    const said = rest.slice(0, end.index);
    rest = rest.slice(end.index + end[0].length);
    if (!inData) return command(said);
    inData = false;
    onMail({ signedIn, from, to, message: said.replace(/^\.\./gm, ".") });
    reset();
    return "250 taken by a dry run";
  }

  return {
    greeting: "220 dry.run.invalid ESMTP\r\n",
    take(text) {
      rest += text;
      let answers = "";
      for (let answer = step(); answer !== null; answer = step()) answers += `${answer}\r\n`;
      return answers;
    },
  };
}

const EXTENSIONS = ["dry.run.invalid", "PIPELINING", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN XOAUTH2"];
/** `Username:` and `Password:`, as AUTH LOGIN asks for them. */
const USERNAME = "VXNlcm5hbWU6";
const PASSWORD = "UGFzc3dvcmQ6";
const CHALLENGE = btoa("<1@dry.run.invalid>");

function addressIn(argument: string): string {
  return /<([^>]*)>/.exec(argument)?.[1] ?? argument.replace(/^\w+:\s*/, "");
}
