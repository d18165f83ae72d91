import type { CsvTable } from './csv.ts';
import { type Invoice, whatOf } from './invoice.ts';

const columns = [
  'invoice',
  'month',
  'entry',
  'kind',
  'what',
  'rates',
  'quantity',
  'unit',
  'price_microdollars',
  'per',
  'amount_microdollars',
] as const;

/** An invoice as a table: its lines, its adjustments, what the service carried, and its total. */
export function invoiceCsv(invoice: Invoice): CsvTable {
  const { id, lines, adjustments, carried, microDollars } = invoice;
  return {
    columns,
    rows: [
      ...lines.map((line) => row(id, id, 'line', line)),
      ...adjustments.map((line) => row(id, line.period, 'adjustment', line)),
      ...carried.map(({ kind, quantity, unit }) =>
        cells({ id, month: id, entry: 'carried', kind, what: whatOf({ kind }), quantity, unit, amount: 0 }),
      ),
      cells({ id, month: id, entry: 'total', amount: microDollars }),
    ],
  };
}

function row(id: string, month: string, entry: string, line: Invoice['lines'][number]) {
  const { kind, rates, quantity, unit, price, per, microDollars } = line;
  return cells({ id, month, entry, kind, what: whatOf(line), rates, quantity, unit, price, per, amount: microDollars });
}

function cells(of: {
  id: string;
  month: string;
  entry: string;
  kind?: string;
  what?: string;
  rates?: string;
  quantity?: number;
  unit?: string;
  price?: number;
  per?: string;
  amount: number;
}) {
  const { id, month, entry, kind, what, rates, quantity, unit, price, per, amount } = of;
  return [id, month, entry, kind, what, rates, quantity, unit, price, per, amount];
}
