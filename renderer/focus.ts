// Where the keyboard goes when the control that had it is gone.

/** Attachment: takes the focus if nothing has it, as after a part of the screen was replaced by another. */
export function takeLostFocus(node: HTMLElement): void {
  if (document.activeElement === null || document.activeElement === document.body) node.focus({ preventScroll: true });
}
