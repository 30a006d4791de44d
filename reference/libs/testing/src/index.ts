// What the tests of several parts share. Tests alone depend on it, so nothing of it gets into an image.

export { backingUrl } from "./backing.js";
export { throwawayDatabase, type ThrowawayDatabase } from "./database.js";
export { eventually } from "./eventually.js";
export { openLine, type Line } from "./line.js";
export { requestsDuringSigterm, type Load } from "./load.js";
export { startScript, type Exit, type RunningProcess } from "./process.js";
export { launch, served, TEST_VERSION, type Environment, type Served } from "./serve.js";
export { serviceContract, type ServiceContract } from "./service-contract.js";
