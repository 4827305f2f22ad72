/**
 * Runs `act` under a signal that fires after `ms` milliseconds or with `outer`, and leaves neither
 * timer nor listener behind. `AbortSignal.timeout` keeps its timer until it fires and
 * `AbortSignal.any` its links until they are collected: for each call a kilobyte, for minutes.
 */
export async function within<T>(
  outer: AbortSignal,
  ms: number,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const follow = () => controller.abort(outer.reason);
  const timer = setTimeout(() => {
    controller.abort(new DOMException('not within its time', 'TimeoutError'));
  }, ms);
  outer.addEventListener('abort', follow, { once: true });
  if (outer.aborted) follow();
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', follow);
  }
}
