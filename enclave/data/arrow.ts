/** Columns as an Apache Arrow IPC stream: schema, one record batch, end of stream. */
import {
  Bool,
  type Data,
  type DataType,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
} from 'apache-arrow';
import type { Column } from './column.ts';

/** A view that apache-arrow can index, at its own offset. */
function typed<T>(
  bytes: Uint8Array,
  width: number,
  make: (buffer: ArrayBufferLike, offset: number, length: number) => T,
): T {
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return make(aligned.buffer, aligned.byteOffset, aligned.length / width);
}

function dataOf(column: Column): Data<DataType> {
  const common = {
    length: column.rows,
    nullCount: column.nulls,
    ...(column.nulls === 0 ? {} : { nullBitmap: column.validity }),
  };
  const { values } = column;
  switch (column.type) {
    case 'utf8':
      return makeData({
        ...common,
        type: new Utf8(),
        valueOffsets: column.offsets ?? new Int32Array(1),
        data: values,
      });
    case 'bool':
      return makeData({ ...common, type: new Bool(), data: values });
    case 'int32':
      return makeData({
        ...common,
        type: new Int32(),
        data: typed(values, 4, (b, o, n) => new Int32Array(b, o, n)),
      });
    case 'float64':
      return makeData({
        ...common,
        type: new Float64(),
        data: typed(values, 8, (b, o, n) => new Float64Array(b, o, n)),
      });
  }
}

/** Deterministic bytes for the same columns. @param columns all of the same number of rows */
export function arrowStream(columns: readonly Column[]): Uint8Array {
  const children = columns.map(dataOf);
  const fields = columns.map((column, at) => {
    const type = children[at]?.type;
    if (type === undefined) throw new RangeError('column without data');
    return new Field(column.name, type, true);
  });
  const batch = new RecordBatch(
    new Schema(fields),
    makeData({ type: new Struct(fields), length: columns[0]?.rows ?? 0, nullCount: 0, children }),
  );
  const writer = new RecordBatchStreamWriter();
  writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}
