/** What the dashboard's thread and the relay's ask and tell each other. @module */
import type { Substitution } from "../../config/environment.ts";
import type { Config } from "../../config/schema.ts";
import type { Route } from "../../route/resolve.ts";
import type { Store } from "../../store/contract.ts";
import type { RelayAnswers } from "../ask_relay.ts";
import type { ActionFacts, Move, Standing } from "../parts.ts";
import type { RequestData, ResponseData, StreamQuestions } from "./exchange.ts";

/** What of the relay changes seldom. */
export interface Settings {
  /** Counts up: of two, the higher is the newer. */
  version: number;
  config: Config;
  /** What of the config came from the environment. */
  substitutions: readonly Substitution[];
  routes: readonly Route[];
  publicUrl: string;
}

/** Where the thread finds the store: its URL, and the folder that relative files in it are taken from. */
export interface Place {
  store: string;
  folder: string;
}

/** What the dashboard's thread can be asked. It tells {@linkcode Said} unasked. */
export interface AdminQuestions extends StreamQuestions {
  /** Asked first. */
  open(place: Place, settings: Settings): void;
  /** `settings`: null when they are as they were. */
  handle(request: RequestData, settings: Settings | null): Promise<ResponseData>;
  /** Whether a stream is open, or work goes on. */
  busy(): boolean;
  /** Ends the streams. */
  close(): void;
  /** Lets go of the store; nothing is asked after that. */
  end(): Promise<void>;
}

/** What the relay's thread can be asked. It tells {@linkcode News} unasked. */
export interface RelayQuestions
  extends
    StreamQuestions,
    Omit<RelayAnswers, "standing">,
    Pick<Store, "events" | "deliveries" | "retry" | "discard" | "replay" | "ready"> {
  /** `settings`: null when they are as they were. */
  standing(): Promise<{ standing: Standing; settings: Settings | null }>;
  /** Whether {@linkcode News} is wanted from now on. */
  listen(on: boolean): void;
}

/** What happened, gathered for a moment. */
export interface News {
  /** Whether events were stored. */
  events: boolean;
  moves: Move[];
}

/** Something for the log: what a person did, or what kept the dashboard from answering. */
export type Said = { action: string; facts: ActionFacts } | { fault: string };
