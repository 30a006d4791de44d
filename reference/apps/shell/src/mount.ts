// Puts a micro-frontend into its place in the page, or says there that it could not be loaded.

import { loadRemote, type Remote } from "./remotes.js";

export interface Place<Tag extends keyof HTMLElementTagNameMap> extends Remote<Tag> {
  /** What people call it. */
  readonly name: string;
  readonly container: HTMLElement;
  readonly onMounted: (element: HTMLElementTagNameMap[Tag]) => void;
}

/** Never rejects: one part that fails leaves the rest of the page alone. */
export async function mount<Tag extends keyof HTMLElementTagNameMap>(place: Place<Tag>): Promise<void> {
  const { name, tag, container, onMounted } = place;
  container.replaceChildren(paragraph(`Loading the ${name} …`, "quiet"));
  try {
    await loadRemote(place, {
      fetch: (url, init) => fetch(url, init),
      importModule: (url) => import(/* @vite-ignore */ url),
      isDefined: (defined) => customElements.get(defined) !== undefined,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    const element = document.createElement(tag);
    container.replaceChildren(element);
    onMounted(element);
  } catch (error) {
    // For whoever looks into it; people read the notice.
    console.warn(`The ${name} could not be loaded.`, error);
    container.replaceChildren(failureNotice(name, () => void mount(place)));
  }
}

function failureNotice(name: string, retry: () => void): HTMLElement {
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  const heading = document.createElement("h2");
  heading.textContent = `The ${name} is not available`;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Try again";
  button.setAttribute("aria-label", `Try again: load the ${name}`);
  button.addEventListener("click", retry);
  notice.append(heading, paragraph("It could not be loaded. The rest of the shop works on."), button);
  return notice;
}

function paragraph(text: string, className = ""): HTMLElement {
  const element = document.createElement("p");
  element.textContent = text;
  element.className = className;
  return element;
}
