// How <shop-catalog> looks. Colours and sizes come from the shell's --shop-* properties.

import { css } from "lit";

export const styles = css`
  :host {
    display: block;
  }

  header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 0.25rem 1rem;
    min-height: 2.5rem;
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
  .quiet {
    margin: 0;
    color: var(--shop-ink-quiet);
    font-size: 0.9375rem;
  }

  ul {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr));
    gap: 1rem;
    margin: 0.75rem 0 0;
    padding: 0;
    list-style: none;
  }

  li {
    display: grid;
    grid-template-columns: 1fr auto;
    grid-template-rows: auto 1fr auto auto;
    gap: 0.375rem 0.75rem;
    padding: 0.75rem;
    border: 1px solid var(--shop-line);
    border-radius: var(--shop-radius);
    background: var(--shop-surface);
  }

  .picture {
    display: grid;
    grid-column: 1 / -1;
    place-items: center;
    aspect-ratio: 2 / 1;
    margin-bottom: 0.375rem;
    border-radius: calc(var(--shop-radius) - 0.25rem);
    font-size: 1.75rem;
    font-weight: 700;
    letter-spacing: 0.04em;
  }

  .tone-0 { background: var(--shop-tone-0); color: var(--shop-on-tone-0); }
  .tone-1 { background: var(--shop-tone-1); color: var(--shop-on-tone-1); }
  .tone-2 { background: var(--shop-tone-2); color: var(--shop-on-tone-2); }
  .tone-3 { background: var(--shop-tone-3); color: var(--shop-on-tone-3); }
  .tone-4 { background: var(--shop-tone-4); color: var(--shop-on-tone-4); }

  h3 {
    margin: 0;
    font-size: 1rem;
    font-weight: 600;
    overflow-wrap: anywhere;
  }

  .price {
    margin: 0;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }

  .stock {
    grid-column: 1 / -1;
    margin: 0;
    color: var(--shop-ink-quiet);
    font-size: 0.875rem;
    font-variant-numeric: tabular-nums;
  }

  .stock.low,
  .stock.out {
    color: var(--shop-warn);
    font-weight: 600;
  }

  .stock.changed {
    animation: flash 1.6s ease-out;
  }

  @keyframes flash {
    from {
      background: var(--shop-flash);
      box-shadow: 0 0 0 0.25rem var(--shop-flash);
    }
  }

  button {
    grid-column: 1 / -1;
    min-height: 2.75rem;
    margin-top: 0.25rem;
    padding: 0.5rem 1rem;
    border: 1px solid transparent;
    border-radius: calc(var(--shop-radius) - 0.25rem);
    background: var(--shop-accent);
    color: var(--shop-on-accent);
    font: inherit;
    font-weight: 600;
    cursor: pointer;
  }

  button:hover {
    background: var(--shop-accent-strong);
  }

  button:disabled {
    border-color: var(--shop-line);
    background: transparent;
    color: var(--shop-ink-quiet);
    cursor: not-allowed;
  }

  .notice {
    margin-top: 0.75rem;
    padding: 1rem;
    border: 1px solid var(--shop-line);
    border-left: 4px solid var(--shop-warn);
    border-radius: var(--shop-radius);
    background: var(--shop-surface);
  }

  .notice p {
    margin: 0 0 0.5rem;
  }

  @media (max-width: 30rem) {
    li {
      grid-template-columns: 4.5rem 1fr auto;
      grid-template-rows: auto 1fr auto;
    }

    .picture {
      grid-row: 1 / 3;
      grid-column: 1;
      aspect-ratio: 1;
      margin: 0;
      font-size: 1.25rem;
    }

    .stock {
      grid-column: 2 / -1;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .stock.changed {
      animation: none;
    }
  }
`;
