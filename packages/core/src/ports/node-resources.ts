/** How full the node is. Percentages from 0 to 100. */
export interface NodeUtilization {
  readonly memoryPercent: number;
  readonly cpuPercent: number;
  readonly diskPercent: number;
}

/** Reads how full the node is, from memory: sampled in the background by its owner. */
export interface NodeResources {
  utilization(): NodeUtilization;
}
