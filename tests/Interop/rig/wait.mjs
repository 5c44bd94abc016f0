// Waiting for conditions, never for time to pass.

const explainers = new Set();

/** Has `explain` asked for what it knows when a wait fails, until the function that is returned is called. */
export function explains(explain) {
  explainers.add(explain);
  return () => explainers.delete(explain);
}

async function explanation() {
  const told = await Promise.all([...explainers].map(explain => Promise.race([
    Promise.resolve().then(explain).catch(String),
    new Promise(resolve => setTimeout(resolve, 3000, 'does not answer').unref()),
  ])));
  return told.filter(Boolean).map(text => `\n${text}`).join('');
}

/**
 * Polls `probe` until it returns something truthy and returns that. After `seconds` it throws and says what was
 * awaited and what `probe` (or `seen`, when given) said last.
 */
export async function until(what, probe, { seconds = 20, everyMs = 150, seen } = {}) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) break;
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
  const state = seen ? await Promise.resolve(seen()).catch(String) : last;
  throw new Error(`not within ${seconds} s: ${what}; last seen: ${state instanceof Error ? state : JSON.stringify(state)}${await explanation()}`);
}
