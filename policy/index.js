// What the engine's policy host loads: JavaScript, so that it compiles nothing with settings of its own.
"use strict";
require("tsx/cjs");
require("./pack").startPack();
