/** As people say it: all of them are NVIDIA's. */
export const shortType = (type: string): string => type.replace(/^NVIDIA (GeForce )?/, "");
