#pragma once
// Few long series, cut into chunks of time that run as lanes of their own. What a chunk needs of its
// neighbours, the law before its first bar and β at its last, comes from transfer matrices
//   M(k, j) = P(bars of the chunk, state j at its last | state k before its first),
// row by row a forward pass from state k. Where the rows agree up to a factor to `merged`, relative in every
// entry, the chunk has forgotten where it began, whatever comes before or after: its first bars then give the
// factors (β) and its last bars the row (the law). Where they do not (identity-like transitions), the window
// grows, up to the whole chunk, whose matrix is exact. So the result is that of the sequential pass to the
// tolerance, for every model. Method: Särkkä, García-Fernández (2021), Temporal parallelization of Bayesian
// smoothers, in its two-level form; the shortcut through forgetting is our own. run_to_run: bitwise; how
// series are cut depends on their length alone.

#include <memory>
#include <span>
#include <vector>

#include "cuda/hmm/jobs.hpp"
#include "cuda/runtime/aligned.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

// Into how many chunks each series of the batch is cut; 1: not at all.
template <class T>
int chunks_of(const BatchView<T>& batch);

template <class T>
class LongSeries {
 public:
  // batch: own or shared observations, all of one length, chunks_of(batch) > 1. Its observations are copied.
  LongSeries(const Resources& resources, const BatchView<T>& batch);

  // The chunks as a batch. Lane (r, c), chunk c of series r, is r·chunks + c.
  BatchView<T> view(int lanes) const;
  int chunks() const { return chunks_; }
  std::int64_t length() const { return length_; }
  std::int64_t length_of(int chunk) const;

  // Messages between the chunks of the first `lanes` series for these parameters ([blocks, parameters, 32] of
  // the series); what view(), terminal() and law_before() then hold.
  void exchange(int lanes, const T* parameters);
  const T* terminal() const { return terminal_.data(); }  // [blocks, K, 32], β of every chunk's last bar
  // [K] filtered law before a chunk's first bar, and the law predicted for it; chunk > 0.
  std::span<const double> law_before(int lane, int chunk) const;
  std::span<const double> predicted(int lane, int chunk) const;

 private:
  // Transfer rows over some bars of every chunk: [k][lane]·K and their log scales [k][lane].
  struct Transfer {
    std::vector<double> rows, logs;
    std::vector<std::uint8_t> merged;  // [lane]
  };

  void lay_out(const BatchView<T>& batch);
  Aligned<T> window(bool head, std::int64_t bars) const;
  void spread_parameters(int lanes, const T* parameters);
  void set_start(std::size_t chunk_lane, std::span<const double> law);
  Transfer transfer(int lanes, bool head, std::int64_t bars);
  void pass_on(int lane, const Transfer& heads, const Transfer& tails);

  const Resources& resources_;
  ShapeNumbers shape_;
  EmissionLaw law_;
  bool shared_;
  int chunks_;
  std::int64_t steps_, length_, warm_up_ = 128;
  std::size_t rows_;
  std::vector<std::int32_t> lengths_;
  Aligned<T> observations_, parameters_, terminal_;
  std::vector<double> starts_, flat_;       // of the series: [lanes, K], [lanes, K, K] flat transitions
  std::vector<double> before_, predicted_;  // [lanes·chunks, K]
  std::int64_t head_bars_ = 0, tail_bars_ = 0;
  Aligned<T> head_, tail_;
};

template <class T>
class ExpectationBackend;
template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_long(const Resources& resources,
                                                        const BatchView<T>& batch);

}  // namespace regent::cuda::hmm
