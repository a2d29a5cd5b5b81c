/**
 * What the dynamic providers call, each loaded when it is asked for. This path and these names stand in the states of deployed
 * stacks, which refresh by them: add to them, rename none.
 */
export const certificates = () => require("../live/issue") as typeof import("../live/issue");
export const preflight = () => require("../live/docker/inspect") as typeof import("../live/docker/inspect");
export const dockerEngine = () => require("../live/docker/engineIdentity") as typeof import("../live/docker/engineIdentity");
export const replacement = () => require("../live/docker/replacement") as typeof import("../live/docker/replacement");
export const patroni = () => require("../live/patroni/client") as typeof import("../live/patroni/client");
export const configuration = () => require("../live/patroni/configuration") as typeof import("../live/patroni/configuration");
export const leadership = () => require("../live/patroni/leaveLeadership") as typeof import("../live/patroni/leaveLeadership");
export const reach = () => require("../live/reach/reach") as typeof import("../live/reach/reach");
export const freshPlans = () => require("../live/pooler/freshPlans") as typeof import("../live/pooler/freshPlans");
export const rollOut = () => require("../live/reach/rollOut") as typeof import("../live/reach/rollOut");
export const schema = () => require("../live/schema/apply") as typeof import("../live/schema/apply");
export const schemaRefresh = () => require("../live/schema/refresh") as typeof import("../live/schema/refresh");
export const settings = () => require("../live/settings/apply") as typeof import("../live/settings/apply");
export const effects = () => require("../live/settings/effects") as typeof import("../live/settings/effects");
