/** A regular expression that backtracks for ages. */
export default { run: () => console.log(/^(a+)+$/.test("a".repeat(60) + "!")) };
