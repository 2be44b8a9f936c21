//! Parquet files as a [`Tree`], column by column: what a cell would be in a sheet, so that both are read by the same rules. Built only with
//! the feature `parquet`.

use super::list::Lines;
use super::{List, Table, Tree};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use smpcc_circuit::calendar;
use std::fs::File;
use std::path::Path;

/// Reads a table. What is missing is an empty cell.
///
/// # Errors
/// What is wrong, with the row counted from 1.
pub fn read(path: &Path) -> Result<Tree, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(|e| wrong(&e))?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let fields = schema.root_schema().get_fields();
    let names: Vec<String> = fields.iter().map(|f| f.name().to_owned()).collect();
    let mut columns = vec![List::default(); names.len()];
    let mut rows = 0;
    for row in reader.get_row_iter(None).map_err(|e| wrong(&e))? {
        rows += 1;
        let row = row.map_err(|e| format!("row {rows}: {}", wrong(&e)))?;
        for (column, (name, field)) in columns.iter_mut().zip(row.into_columns()) {
            let cell = cell(&field)
                .map_err(|why| format!("row {rows}, column {}: {why}", super::name(&name)))?;
            column.push_cell(&cell);
        }
    }
    Ok(Tree::Table(Table {
        rows,
        columns: names.into_iter().zip(columns).collect(),
        sheet: true,
        lines: Lines::default(),
    }))
}

fn wrong(error: &ParquetError) -> String {
    format!("not a Parquet file that can be read: {error}")
}

/// A value as a sheet has it.
fn cell(field: &Field) -> Result<String, String> {
    Ok(match field {
        Field::Null => String::new(),
        Field::Bool(value) => value.to_string(),
        Field::Byte(n) => n.to_string(),
        Field::Short(n) => n.to_string(),
        Field::Int(n) => n.to_string(),
        Field::Long(n) => n.to_string(),
        Field::UByte(n) => n.to_string(),
        Field::UShort(n) => n.to_string(),
        Field::UInt(n) => n.to_string(),
        Field::ULong(n) => n.to_string(),
        // The shortest digits that read back as the same number.
        Field::Float16(x) => x.to_f32().to_string(),
        Field::Float(x) => x.to_string(),
        Field::Double(x) => x.to_string(),
        Field::Decimal(x) => decimal(x.data(), x.scale())?,
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => text.to_owned(),
            Err(_) => return Err("bytes that are not text".into()),
        },
        Field::Date(days) => calendar::date_text(*days),
        Field::TimestampMillis(n) => moment(*n, 1_000)?,
        Field::TimestampMicros(n) => moment(*n, 1_000_000)?,
        Field::TimeMillis(_) | Field::TimeMicros(_) => {
            return Err("a time of day, which no type of the language has".into());
        }
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            return Err("a group, a list or a map: columns hold single values".into());
        }
    })
}

/// A moment of which whole seconds must be given.
fn moment(n: i64, per_second: i64) -> Result<String, String> {
    match n % per_second {
        0 => Ok(calendar::datetime_text(n / per_second)),
        _ => Err("a moment with a fraction of a second".into()),
    }
}

/// An integer of big-endian bytes in two's complement, with so many digits behind the point.
fn decimal(bytes: &[u8], scale: i32) -> Result<String, String> {
    let too_long = || "a decimal number of more than 128 bits".to_owned();
    let mut value: i128 = match bytes.first() {
        Some(first) if first >> 7 == 1 => -1,
        _ => 0,
    };
    for byte in bytes {
        value = value.checked_mul(256).ok_or_else(too_long)? | i128::from(*byte);
    }
    let sign = if value < 0 { "-" } else { "" };
    let places = usize::try_from(scale).map_err(|_| "a decimal number of no known scale")?;
    let digits = format!("{:0>1$}", value.unsigned_abs(), places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    Ok(match places {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    const SCHEMA: &str = "message rows {
        required int32 age (INTEGER(8, false));
        required int64 cents (DECIMAL(12, 2));
        required double dose;
        optional byte_array name (STRING);
        required int32 born (DATE);
        required int64 seen (TIMESTAMP(MILLIS, true));
        required boolean smokes;
    }";

    /// The next column, of three rows.
    fn write<T: parquet::data_type::DataType>(
        group: &mut SerializedRowGroupWriter<'_, File>,
        values: &[T::T],
        defined: Option<&[i16]>,
    ) {
        let mut column = group.next_column().expect("a column").expect("a column");
        (column.typed::<T>())
            .write_batch(values, defined, None)
            .expect("written");
        column.close().expect("closed");
    }

    #[test]
    fn columns_are_what_a_sheet_would_have() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.parquet");
        let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
        let file = File::create(&path).expect("a file");
        let properties = WriterProperties::builder()
            .set_compression(parquet::basic::Compression::SNAPPY)
            .build();
        let mut writer =
            SerializedFileWriter::new(file, schema, Arc::new(properties)).expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        write::<Int32Type>(&mut group, &[30, 0, 255], None);
        write::<Int64Type>(&mut group, &[-5, 1234, 100], None);
        write::<DoubleType>(&mut group, &[0.1, -2.5e-9, 3.0], None);
        let names = [ByteArray::from("Ann"), ByteArray::from("É, \"x\"")];
        write::<ByteArrayType>(&mut group, &names, Some(&[1, 0, 1]));
        write::<Int32Type>(&mut group, &[0, -1, 19_000], None);
        write::<Int64Type>(&mut group, &[0, 86_400_000, 1_000], None);
        write::<parquet::data_type::BoolType>(&mut group, &[true, false, true], None);
        group.close().expect("closed");
        writer.close().expect("closed");

        let Ok(Tree::Table(table)) = read(&path) else {
            panic!("a table")
        };
        let expected = super::super::csv::parse(
            "age,cents,dose,name,born,seen,smokes\n\
             30,-0.05,0.1,Ann,1970-01-01,1970-01-01T00:00:00Z,true\n\
             0,12.34,-0.0000000025,,1969-12-31,1970-01-02T00:00:00Z,false\n\
             255,1.00,3,\"É, \"\"x\"\"\",2022-01-08,1970-01-01T00:00:01Z,true\n",
        );
        let Ok(Tree::Table(expected)) = expected else {
            panic!("a table")
        };
        assert_eq!((table.rows, expected.rows), (3, 3));
        let shown = |table: &Table| -> Vec<(String, Vec<String>)> {
            let column = |(name, list): &(String, List)| {
                (name.clone(), list.iter().map(|cell| cell.shown()).collect())
            };
            table.columns.iter().map(column).collect()
        };
        assert_eq!(shown(&table), shown(&expected));
    }

    #[test]
    fn what_is_no_table_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.parquet");
        std::fs::write(&path, "age\n3\n").expect("written");
        let Err(why) = read(&path) else {
            panic!("no table")
        };
        assert!(why.contains("not a Parquet file"), "{why}");
        assert!(moment(1_500, 1_000).is_err());
        assert_eq!(decimal(&[0xff, 0x9c], 2).as_deref(), Ok("-1.00"));
        assert!(decimal(&[1; 17], 0).is_err());
    }
}
