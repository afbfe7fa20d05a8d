// Where the keyboard goes when the control that had it is gone.

/** Attachment: takes the focus if nothing has it, as after a part of the screen was replaced by another. */
export function takeLostFocus(node: HTMLElement): void {
  if (document.activeElement === null || document.activeElement === document.body) node.focus({ preventScroll: true });
}

/** Attachment: the same again whenever what `of` reads has changed, as a list whose item had the focus. */
export const takeLostFocusAfter = (of: () => unknown) => (node: HTMLElement): void => {
  of();
  takeLostFocus(node);
};
