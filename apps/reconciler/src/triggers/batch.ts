/**
 * Collects ids and hands them on together: at once where nothing is under way, else when that has ended. A burst costs one
 * query for many, and a single one waits for nobody. `work` must not throw.
 */
export function batched(work: (ids: string[]) => Promise<void>, limit: number): (id: string) => void {
  const waiting = new Set<string>();
  let isWorking = false;

  async function drain(): Promise<void> {
    while (waiting.size > 0) {
      const ids = [...waiting].slice(0, limit);
      for (const id of ids) waiting.delete(id);
      await work(ids);
    }
    isWorking = false;
  }

  return (id) => {
    waiting.add(id);
    if (isWorking) return;
    isWorking = true;
    // Notices of one transaction arrive in one piece of network: take them all.
    setImmediate(() => void drain());
  };
}
