/** No registry has it, only the machine where a recreate kept it: nothing answers under `.invalid` (RFC 2606). */
export const isLocal = ({ reference }: { reference: string }): boolean => reference.startsWith("berth.invalid/");
