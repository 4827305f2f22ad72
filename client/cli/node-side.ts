/**
 * The one door from the command line to code of the node: commands that judge, build or start
 * something locally load it from here, and only when they run.
 */
export {};
