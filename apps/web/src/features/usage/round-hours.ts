/** Minutes show where there are few hours. */
export const roundHours = (hours: number): number =>
  hours < 10 ? Math.round(hours * 100) / 100 : Math.round(hours * 10) / 10;
