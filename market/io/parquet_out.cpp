#include "market/io/parquet_out.hpp"

#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include "base/atomic_writer.hpp"

namespace regent::market {
namespace {

constexpr std::int64_t row_group_rows = 1 << 20;

class Stream : public arrow::io::OutputStream {
 public:
  explicit Stream(const std::filesystem::path& file) : file_(file) {}
  arrow::Status Write(const void* data, std::int64_t bytes) override {
    try {
      file_.write({static_cast<const char*>(data), static_cast<std::size_t>(bytes)});
    } catch (const Error& error) {
      return arrow::Status::IOError(error.what());
    }
    position_ += bytes;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  void finish() { file_.finish(); }

 private:
  AtomicWriter file_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

std::shared_ptr<parquet::WriterProperties> properties_for(const arrow::Schema& schema) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD);
  builder.enable_page_checksum();  // without them a flipped bit is another number to whoever reads it
  // real numbers hardly repeat: a dictionary holds them all, and the places in it come on top
  for (const auto& field : schema.fields())
    if (field->type()->id() == arrow::Type::DOUBLE) builder.disable_dictionary(field->name());
  return builder.build();
}

// Parquet throws where Arrow returns a status.
template <class Work>
void guarded(const std::string& name, const Work& work) {
  try {
    require_written(work(), name);
  } catch (const parquet::ParquetException& exception) {
    throw Error(name + ": " + exception.what());
  }
}

}  // namespace

std::shared_ptr<arrow::DataType> time_type() {
  return arrow::timestamp(arrow::TimeUnit::MILLI, "UTC");
}

struct ParquetOut::State {
  std::string name;
  std::shared_ptr<Stream> stream;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
};

ParquetOut::ParquetOut(const arrow::Schema& schema, const std::filesystem::path& file)
    : state_(new State{file.string(), std::make_shared<Stream>(file), nullptr}) {
  const auto properties = properties_for(schema);
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  guarded(state_->name, [&] {
    return parquet::arrow::FileWriter::Open(schema, arrow::default_memory_pool(), state_->stream, properties,
                                            arrow_properties)
        .Value(&state_->writer);
  });
}

ParquetOut::~ParquetOut() = default;

void ParquetOut::write(const arrow::Table& rows) {
  guarded(state_->name, [&] { return state_->writer->WriteTable(rows, row_group_rows); });
}

void ParquetOut::finish() {
  guarded(state_->name, [&] { return state_->writer->Close(); });
  state_->stream->finish();
}

void write_parquet(const arrow::Table& table, const std::filesystem::path& file) {
  ParquetOut out(*table.schema(), file);
  out.write(table);
  out.finish();
}

}  // namespace regent::market
