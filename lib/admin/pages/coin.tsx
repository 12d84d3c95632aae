/** A coin, as its events tell of it. @module */
import { fieldInGroup } from "../../plugin/words.ts";
import type { CoinView, Known } from "../read/coin.ts";
import { Value } from "./change.tsx";
import { Empty, type Frame, Page } from "./layout.tsx";
import { EventRow } from "./live.tsx";
import { eventPath, Table } from "./pieces.tsx";
import { number, T, Time } from "./text.tsx";

/** The page; `coin` is null when no event speaks of it. */
export function CoinPage({ frame, id, coin }: { frame: Frame; id: string; coin: CoinView | null }) {
  return (
    <Page title={coin?.name || id} at="/" frame={frame} scripts={["live.js"]}>
      <div class="head">
        <div class="grow">
          <h1>
            <T>{coin?.name || id}</T>
          </h1>
          <p class="soft">
            {coin?.symbol && (
              <>
                <T>{coin.symbol.toUpperCase()}</T> ·{" "}
              </>
            )}
            <span class="mono">
              <T>{id}</T>
            </span>
          </p>
        </div>
        <div class="row">
          <button type="button" data-star={id} aria-pressed="false" class="watch">☆ Watch</button>
          <a class="button" href={`/?${new URLSearchParams({ coin: id })}`}>Its live view</a>
        </div>
      </div>
      {coin === null
        ? (
          <section class="card">
            <Empty title="No stored event speaks of this coin">
              <p>
                Coin ids are the provider's, such as <code>bitcoin</code> or{" "}
                <code>usd-coin</code>. Events are kept for as long as retention.days says.
              </p>
              <a class="button" href="/">To the live view</a>
            </Empty>
          </section>
        )
        : <Told coin={coin} />}
    </Page>
  );
}

function Told({ coin }: { coin: CoinView }) {
  return (
    <>
      {coin.groups.map(({ title, known }) => (
        <section class="card" aria-label={title}>
          <header>
            <h2>{title}</h2>
          </header>
          <Table
            label={`${title}, as a table`}
            columns={[["Field"], ["Last known value"], ["Since"], ["Changes", "num"]]}
          >
            {known.map((one) => <KnownRow known={one} />)}
          </Table>
        </section>
      ))}
      {coin.categories.length > 0 && (
        <section class="card" aria-label="Categories">
          <header>
            <h2>Categories</h2>
          </header>
          <div class="body row">
            {coin.categories.map(({ name, left, seq, at }) => (
              <a class={`badge plain ${left ? "" : "good"}`} href={eventPath(seq)} title={at}>
                {left ? "left" : "joined"} <T>{name}</T>
              </a>
            ))}
          </div>
        </section>
      )}
      <section class="card" aria-label="Events">
        <header>
          <h2 class="grow">Events</h2>
          <span class="soft small">
            {coin.more ? `the newest ${number(coin.events.length)}` : number(coin.events.length)}
          </span>
        </header>
        <ol class="events">{coin.events.map((event) => <EventRow event={event} />)}</ol>
        {coin.more && (
          <div class="pager">
            <span />
            <a
              class="button"
              href={`/?${new URLSearchParams({ coin: coin.id, cursor: String(coin.events.at(-1)?.seq) })}`}
            >
              Older
            </a>
          </div>
        )}
      </section>
    </>
  );
}

function KnownRow({ known: { field, value, gone, at, seq, changes } }: { known: Known }) {
  return (
    <tr>
      <td class="any">
        <T>{fieldInGroup(field)}</T>
        <div class="mono small soft">
          <T>{field}</T>
        </div>
      </td>
      <td>
        <div class="change">
          {gone
            ? (
              <>
                <span class="badge plain">gone</span>
                {value !== undefined && <Value value={value} kind="old" />}
              </>
            )
            : Array.isArray(value)
            ? value.map((item) => <Value value={item} whole />)
            : <Value value={value} whole />}
        </div>
      </td>
      <td class="nowrap">
        <a href={eventPath(seq)}>
          <Time at={at} />
        </a>
      </td>
      <td class="num">{changes}</td>
    </tr>
  );
}
