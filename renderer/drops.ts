// Things that are dragged over the window.

/** True when a file or a link is dragged: what can be dropped as a source. */
export const canBeSource = (dragged: DataTransfer | null): boolean =>
  dragged !== null && (dragged.types.includes('Files') || dragged.types.includes('text/uri-list'));
