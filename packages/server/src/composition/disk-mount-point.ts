/** The file system whose fullness the agent reports: that of the root, as the contract has it. */
export const diskMountPoint = "/";
