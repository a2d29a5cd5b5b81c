import { Rule } from "../rule";
import { access } from "./access";
import { containerRules } from "./containers";
import { network } from "./network";
import { serverRules } from "./servers";
import { storage } from "./storage";
import { topology } from "./topology";

/** All rules, mandatory unless a configuration says otherwise and why. */
export const rules: Rule[] = [...topology, ...network, ...serverRules, ...storage, ...access, ...containerRules];
