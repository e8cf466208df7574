/** Of this software, as nodes and the container runtime name it. Kept equal to the package's. */
export const VERSION = "0.1.0";
