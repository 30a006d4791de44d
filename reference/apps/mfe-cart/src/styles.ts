// How <shop-cart> looks. Colours and sizes come from the shell's --shop-* properties.

import { css } from "lit";

export const styles = css`
  :host {
    display: block;
    padding: 1rem;
    border: 1px solid var(--shop-line);
    border-radius: var(--shop-radius);
    background: var(--shop-surface);
  }

  h2 {
    margin: 0;
    font-size: 1.375rem;
    letter-spacing: -0.01em;
  }

  h2:focus-visible,
  button:focus-visible {
    outline: 3px solid var(--shop-focus);
    outline-offset: 2px;
  }

  .announcement,
  .empty {
    margin: 0.25rem 0 0;
    color: var(--shop-ink-quiet);
    font-size: 0.9375rem;
  }

  .announcement:empty {
    margin: 0;
  }

  ul {
    margin: 0.5rem 0 0;
    padding: 0;
    list-style: none;
  }

  li {
    display: grid;
    grid-template-columns: 1fr auto;
    align-items: center;
    gap: 0.25rem 0.75rem;
    padding: 0.75rem 0;
    border-bottom: 1px solid var(--shop-line);
  }

  .name {
    font-weight: 600;
    overflow-wrap: anywhere;
  }

  .amount {
    font-variant-numeric: tabular-nums;
  }

  .quantity {
    display: flex;
    align-items: center;
    grid-column: 1 / -1;
    gap: 0.25rem;
  }

  .quantity span {
    min-width: 2rem;
    text-align: center;
    font-variant-numeric: tabular-nums;
  }

  .total {
    display: flex;
    justify-content: space-between;
    gap: 1rem;
    margin: 0.75rem 0;
    font-size: 1.0625rem;
    font-weight: 700;
  }

  button {
    min-width: 2.75rem;
    min-height: 2.75rem;
    border: 1px solid var(--shop-line-strong);
    border-radius: calc(var(--shop-radius) - 0.25rem);
    background: transparent;
    color: var(--shop-ink);
    font: inherit;
    font-weight: 600;
    cursor: pointer;
  }

  button:hover {
    background: var(--shop-hover);
  }

  button.order {
    width: 100%;
    padding: 0.625rem 1rem;
    border-color: transparent;
    background: var(--shop-accent);
    color: var(--shop-on-accent);
  }

  button.order:hover {
    background: var(--shop-accent-strong);
  }

  button.quiet {
    padding: 0.25rem 0.75rem;
  }

  button:disabled,
  button.order:disabled {
    border-color: var(--shop-line);
    background: transparent;
    color: var(--shop-ink-quiet);
    cursor: not-allowed;
  }

  .notice {
    margin-top: 0.75rem;
    padding: 0.75rem 1rem;
    border: 1px solid var(--shop-line);
    border-left: 4px solid var(--shop-warn);
    border-radius: calc(var(--shop-radius) - 0.25rem);
  }

  .notice.good {
    border-left-color: var(--shop-good);
  }

  .notice p {
    margin: 0 0 0.5rem;
  }

  .notice p:last-child {
    margin: 0;
  }

  code {
    font-size: 0.8125rem;
    overflow-wrap: anywhere;
  }
`;
