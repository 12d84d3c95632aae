/** Runs a plugin in a test, as `coinrelay/plugin/testing`. @module */
export {};
