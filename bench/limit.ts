/** The limit: a bare server that reads, verifies, parses, answers and keeps nothing. Prints its port. @module */
import { serveBare } from "./bare_server.ts";

serveBare();
