/** The command line: hands each command to the file of `lib/commands/` that bears its name. @module */
