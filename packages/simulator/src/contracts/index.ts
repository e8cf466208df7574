export { clockContract } from "./clock-contract.ts";
export { diskContract } from "./disk-contract.ts";
export { netContract } from "./net-contract.ts";
export { randomContract } from "./random-contract.ts";
export { storeContract } from "./store-contract.ts";
