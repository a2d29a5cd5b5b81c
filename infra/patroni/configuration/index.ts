// By this path the states of stacks refresh that were deployed before there was resources/entries.ts
export * from "../../live/patroni/configuration";
