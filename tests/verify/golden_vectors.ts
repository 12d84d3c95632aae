/** The provider's golden vectors. Bodies are exactly one line, without an end of line. @module */

/** The secret that all vectors are signed with. */
export const GOLDEN_SECRET = "whsec_test_4f9c2d7be1";

/** One signed delivery. */
export interface GoldenVector {
  timestamp: string;
  id: string;
  body: string;
  signature: string;
}

export const GOLDEN_VECTORS: readonly GoldenVector[] = [
  {
    timestamp: "1776066000",
    id: "0b5a7c1e-0000-4000-8000-000000000000",
    body:
      '{"event_type":"cg.coin.info.updated","data":{"id":"genius-3","symbol":"genius","name":"Genius","changes":[{"field":"categories","change_type":"addition","new_value":"binance-hodler-airdrops"}]}}',
    signature: "ef5a7cd52a22729f5bb6ef86b26bfe6f42c7d10ebf66597f05abe84228fa2c22",
  },
  {
    timestamp: "1776066001",
    id: "0b5a7c1e-0000-4000-8000-000000000001",
    body:
      '{"event_type":"cg.coin.info.updated","data":{"id":"wild-goat-coin-2","symbol":"WGC","name":"Wild Goat Coin [OLD]","changes":[{"field":"name","change_type":"update","old_value":"Wild Goat Coin","new_value":"Wild Goat Coin [OLD]"}]}}',
    signature: "50bd2dd00be03d52aba859cdb5844621a75fe2d2d155fd270392dfca99a269bb",
  },
  {
    timestamp: "1776066002",
    id: "0b5a7c1e-0000-4000-8000-000000000002",
    body:
      '{"event_type":"cg.coin.info.updated","data":{"id":"aktionariat-boss-info-ag-tokenized-shares","symbol":"boss","name":"Aktionariat Boss Info AG Tokenized Shares","changes":[{"field":"public_notices","change_type":"removal","old_value":"No trading activity recorded by exchanges integrated on CryptoSync in the past 2 weeks","new_value":""}]}}',
    signature: "d08b0915e5a95aa4c3951cc9710cae4574b3cc1195dc5f752810e5d40f07f16c",
  },
  {
    timestamp: "1776066003",
    id: "evt:with:colons",
    body:
      '{"event_type":"cg.coin.info.updated","data":{"id":"café","symbol":"☕","name":"Café \\u2615","changes":[]}}',
    signature: "5d86880d94e296e2c7dd5b83a7ac0be9c0ecf374c0f3394038883e8c7b1bbd7a",
  },
];
