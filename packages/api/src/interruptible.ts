/**
 * Waits for one step after the other, each no longer than until `end`. Not by Promise.race: what is raced with a promise
 * that lives long is held by it, and that would be all of a file.
 */
export function interruptible(end: Promise<unknown>): <Step>(step: Promise<Step>) => Promise<Step | "ended"> {
  let hasEnded = false;
  let wake = (): void => {};
  const stop = (): void => {
    hasEnded = true;
    wake();
  };
  end.then(stop, stop);
  return (step) =>
    new Promise((resolve, reject) => {
      if (hasEnded) return resolve("ended");
      wake = () => resolve("ended");
      step.then(resolve, reject);
    });
}
