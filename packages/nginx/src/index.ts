export { containerFiles, nginxProgram, type ContainerFile } from "./container-files.ts";
