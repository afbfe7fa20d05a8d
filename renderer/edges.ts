// Shows that a scrolling part goes on beyond its edges.

/** Attachment: keeps `data-more` of a scrolling element: "above", "below", "above below", or "". The style fades by it. */
export function edges(node: HTMLElement): () => void {
  const look = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = node;
    const more = [
      ...(scrollTop > 1 ? ['above'] : []),
      ...(scrollTop + clientHeight < scrollHeight - 1 ? ['below'] : []),
    ];
    node.dataset.more = more.join(' ');
  };
  const sizes = new ResizeObserver(look);
  sizes.observe(node);
  for (const child of node.children) sizes.observe(child);
  node.addEventListener('scroll', look, { passive: true });
  return () => {
    sizes.disconnect();
    node.removeEventListener('scroll', look);
  };
}
