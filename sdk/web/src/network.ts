/** Another network, or one at all again. Browsers that tell of changes of rate and round trip as well are not heard in those. */
export function listenToNetwork(changed: () => void): () => void {
  const connection = (navigator as { connection?: EventTarget & { type?: string } }).connection;
  let type = connection?.type;
  const typeChanged = () => {
    if (connection!.type === type) return;
    type = connection!.type;
    changed();
  };
  addEventListener('online', changed);
  connection?.addEventListener('change', typeChanged);
  return () => {
    removeEventListener('online', changed);
    connection?.removeEventListener('change', typeChanged);
  };
}
