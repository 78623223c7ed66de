/** A dialog that keeps the keyboard inside, and gives it back. */

import { useEffect, useRef } from "preact/hooks";
import { html } from "./html.js";

let count = 0;

/** @param title Its title. @param onClose Called by Esc and when it is closed. */
export function Dialog({ title, onClose, children }) {
  const ref = useRef(null);
  const id = useRef(`dialog-${++count}`).current;
  useEffect(() => {
    ref.current.showModal();
    return () => ref.current?.close();
  }, []);
  return html`
    <dialog ref=${ref} aria-labelledby=${id} onCancel=${(event) => {
      event.preventDefault();
      onClose();
    }}>
      <h2 id=${id}>${title}</h2>
      ${children}
    </dialog>
  `;
}
