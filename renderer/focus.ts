// Moves the keyboard focus when the control that had it is gone.

/** Attachment: takes the focus if nothing has it, as after a part of the screen was replaced. */
export function takeLostFocus(node: HTMLElement): void {
  if (document.activeElement === null || document.activeElement === document.body) node.focus({ preventScroll: true });
}

/**
 * Attachment: takes the focus as above, now and whenever the value of `of` changes, such as the length of a list whose
 * item had the focus. A new object with the same value, as with every notice of main, does not count.
 */
export function takeLostFocusAfter(of: () => number): (node: HTMLElement) => void {
  let last: number | null = null;
  return (node) => {
    const now = of();
    if (now !== last) takeLostFocus(node);
    last = now;
  };
}
