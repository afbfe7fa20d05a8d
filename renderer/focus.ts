// Where the keyboard goes when the control that had it is gone.

/** Attachment: takes the focus if nothing has it, as after a part of the screen was replaced by another. */
export function takeLostFocus(node: HTMLElement): void {
  if (document.activeElement === null || document.activeElement === document.body) node.focus({ preventScroll: true });
}

/**
 * Attachment: the same when it is put there, and again whenever `of` gives something else, as the length of a list whose item
 * had the focus. What is read anew and is the same, as with every notice of main, is no reason.
 */
export function takeLostFocusAfter(of: () => number): (node: HTMLElement) => void {
  let last: number | null = null;
  return (node) => {
    const now = of();
    if (now !== last) takeLostFocus(node);
    last = now;
  };
}
