// Signing in with a key pair.

import { ServiceError, signIn } from "../api.js";
import { element } from "../dom.js";
import { texts } from "../texts.js";

/**
 * @param {HTMLElement} place
 * @param {() => void} onSignedIn
 */
export function signInView(place, onSignedIn) {
  const publicKey = element("input", {
    id: "public-key",
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
    maxlength: 100,
  });
  const secretKey = element("input", {
    id: "secret-key",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    maxlength: 200,
  });
  const refusal = element("p", { class: "error", role: "alert" });
  const button = element("button", { type: "submit", class: "primary" }, texts.signIn.submit);

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    refusal.textContent = "";
    try {
      await signIn({ public_key: publicKey.value.trim(), secret_key: secretKey.value.trim() });
      secretKey.value = "";
      onSignedIn();
    } catch (error) {
      const isRefused = error instanceof ServiceError && [401, 403].includes(error.status);
      refusal.textContent = isRefused ? texts.signIn.refused : /** @type {Error} */ (error).message;
      secretKey.select();
    } finally {
      button.disabled = false;
    }
  }

  place.append(
    element(
      "form",
      { class: "card sign-in", onsubmit: submit },
      element("img", { src: "page/icon.svg", alt: "", width: 48, height: 48 }),
      element("h1", {}, texts.signIn.title),
      element("p", { class: "hint" }, texts.signIn.hint),
      element("label", { for: "public-key" }, texts.signIn.publicKey),
      publicKey,
      element("label", { for: "secret-key" }, texts.signIn.secretKey),
      secretKey,
      refusal,
      button,
    ),
  );
  publicKey.focus();
}
