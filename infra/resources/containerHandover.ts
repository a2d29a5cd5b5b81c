import * as pulumi from "@pulumi/pulumi";
import { load } from "./plugin";
import type { ControlInputs } from "./control";
import type { HandoverInputs, Neighbour } from "../live/docker/replacement";

const provider: pulumi.dynamic.ResourceProvider = {
  // Asks which container runs, so that an interrupted `up` is taken up again wherever it stopped
  check: async (_olds, news) => ({ inputs: { ...news, running: await load().replacement().running(news.server) } }),
  // Nothing runs here: there is nothing to hand over, or this is a preview on another machine
  diff: async (_id, _olds, news: HandoverInputs) => ({ changes: news.running !== "none" && news.running !== news.fingerprint }),
  create: async ({ server }: HandoverInputs) => ({ id: server, outs: {} }),
  update: async (_id, _olds, news: HandoverInputs) => {
    await load().replacement().prepare(news);
    return { outs: {} };
  },
};

export interface HandoverArgs {
  /** Name of the container. */
  server: string;
  /** Of all that goes into the container; another one means that it is replaced. */
  fingerprint: pulumi.Input<string>;
  /** What must be there and healthy before the container may go. */
  neighbours: { [K in keyof Neighbour]: pulumi.Input<Neighbour[K]> }[];
  /** A member of Postgres gives the leadership away first; `order` is that in which members are replaced. */
  member?: { name: string; order: string[] };
  /** Within which the proxies find it down once it is stopped. Milliseconds. */
  noticed?: number;
  /** A proxy has the pools behind these URLs leave it first. */
  pools?: pulumi.Input<string[]>;
  control?: ControlInputs;
}

/** Runs right before its container is replaced, and makes that harmless: see `prepare`. Does nothing when it is made. */
export class Handover extends pulumi.dynamic.Resource {
  constructor(name: string, args: HandoverArgs, opts: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, pools: args.pools && pulumi.secret(args.pools), control: args.control && pulumi.secret(args.control) }, opts, "pgha", "Handover");
  }
}
