#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/doctor/gpu.hpp"
#include "base/doctor/machine.hpp"
#include "base/doctor/programs.hpp"
#include "base/doctor/settings.hpp"
#include "base/subprocess.hpp"
#include "base/version.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent::doctor {
namespace {

namespace fs = std::filesystem;
using regent::test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double mib = 1 << 20, gib = 1 << 30;
constexpr int patient_ms = 60'000;

TEST(Doctor, ReadsTheQuotaOfAControlGroup) {
  EXPECT_EQ(cores_of_quota("200000 100000\n"), 2.0);
  EXPECT_EQ(cores_of_quota("50000 100000"), 0.5);
  for (const char* none : {"max 100000\n", "", "200000", "200000 0", "0 100000", "-1 100000", "x y"}) {
    EXPECT_EQ(cores_of_quota(none), std::nullopt) << none;
  }
}

TEST(Doctor, ReadsMemoryFields) {
  const char* meminfo = "MemTotal:       1000 kB\nMemAvailable:     10 kB\nHugePages_Total:   0\n";
  EXPECT_EQ(meminfo_bytes(meminfo, "MemTotal"), 1000 * 1024.0);
  EXPECT_EQ(meminfo_bytes(meminfo, "MemAvailable"), 10 * 1024.0);
  EXPECT_EQ(meminfo_bytes(meminfo, "MemFree"), std::nullopt);
  EXPECT_EQ(meminfo_bytes("MemTotal:", "MemTotal"), std::nullopt);
  EXPECT_EQ(meminfo_bytes("", "MemTotal"), std::nullopt);
}

TEST(Doctor, JudgesMemoryDiskAndClock) {
  EXPECT_EQ(judge_memory(4 * gib, 8 * gib).status, Status::ok);
  EXPECT_EQ(judge_memory(1 * gib, 8 * gib).status, Status::warn);
  EXPECT_EQ(judge_memory(100 * mib, 8 * gib).status, Status::fail);
  EXPECT_EQ(judge_disk("/x", 50 * gib, true).status, Status::ok);
  EXPECT_EQ(judge_disk("/x", 3 * gib, true).status, Status::warn);
  EXPECT_EQ(judge_disk("/x", 0.5 * gib, true).status, Status::fail);
  EXPECT_EQ(judge_disk("/x", 50 * gib, false).status, Status::fail);
  EXPECT_EQ(judge_clock(start_of_year(2026), true).status, Status::ok);
  EXPECT_EQ(judge_clock(start_of_year(2026), false).status, Status::warn);
  EXPECT_EQ(judge_clock(0, true).status, Status::fail);
  EXPECT_EQ(judge_clock(start_of_year(2200), true).status, Status::fail);
}

TEST(Doctor, LooksAtTheNearestFolderThatExists) {
  const TemporaryFolder folder;
  const Findings findings = look_at_machine(folder / "runs/of/today");
  ASSERT_GE(findings.size(), 5U);
  const bool named = std::any_of(findings.begin(), findings.end(), [&](const Finding& each) {
    return each.name == "disk" && each.found.find(folder.path().string()) != std::string::npos;
  });
  EXPECT_TRUE(named) << as_table(findings);
  fs::create_directory(folder / "file");
  folder.write("plain", "");
  const std::string table = as_table(look_at_machine(folder / "plain/runs"));
  EXPECT_THAT(table, HasSubstr("not writable"));  // a file stands where the folder should
}

GpuReading one_gpu(int major = 9, int cuda_version = 13000) {
  GpuReading reading;
  reading.driver_present = true;
  reading.driver_version = "580.65.06";
  reading.driver_cuda_version = cuda_version;
  reading.gpus = {{"NVIDIA H200", 139 * gib, major, 0}};
  return reading;
}

TEST(Doctor, AMachineWithoutGpuIsACpuMachineUnlessAGpuIsDemanded) {
  const GpuReading none;
  EXPECT_EQ(judge_gpus(none, "auto", "13.0").front().status, Status::ok);
  EXPECT_EQ(judge_gpus(none, "cpu", "13.0").front().status, Status::ok);
  EXPECT_EQ(judge_gpus(none, "cuda", "13.0").front().status, Status::fail);
  GpuReading broken;
  broken.driver_present = true;
  broken.failure = "error 999: unknown error";
  EXPECT_EQ(judge_gpus(broken, "auto", "").front().status, Status::warn);
  EXPECT_THAT(judge_gpus(broken, "cuda", "").front().found, HasSubstr("error 999"));
}

TEST(Doctor, DescribesAGpuAndItsDriver) {
  const Findings findings = judge_gpus(one_gpu(), "auto", "13.0");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_FALSE(has_failure(findings));
  EXPECT_EQ(findings[0].found, "580.65.06, runs CUDA up to 13.0");
  EXPECT_EQ(findings[1].found, "NVIDIA H200, 139.0 GiB, compute 9.0");
  EXPECT_THAT(judge_gpus(one_gpu(), "cpu", "13.0")[1].found, HasSubstr("not used"));
  EXPECT_EQ(judge_gpus(one_gpu(7), "auto", "13.0")[1].status, Status::warn);
}

TEST(Doctor, ComparesTheDriverWithTheCudaOfLibTorch) {
  EXPECT_EQ(judge_gpus(one_gpu(9, 12080), "auto", "13.0")[0].status, Status::warn);
  EXPECT_EQ(judge_gpus(one_gpu(9, 12080), "cuda", "13.0")[0].status, Status::fail);
  EXPECT_EQ(judge_gpus(one_gpu(9, 13000), "cuda", "13.2")[0].status, Status::ok);  // the same major version
  EXPECT_EQ(judge_gpus(one_gpu(9, 12080), "cuda", "")[0].status, Status::ok);
}

TEST(Doctor, ReadsThisMachinesGpusWithoutFailing) {
  const GpuReading reading = read_gpus();
  EXPECT_EQ(reading.gpus.empty(), reading.gpus.size() == 0);
  for (const Gpu& gpu : reading.gpus) {
    EXPECT_FALSE(gpu.name.empty());
    EXPECT_GT(gpu.memory_bytes, 0);
    EXPECT_GT(gpu.capability_major, 0);
  }
  if (!reading.driver_present) GTEST_SKIP() << "no libcuda.so.1 on this machine: only its absence was seen";
}

TEST(Doctor, ReadsTheFieldsOfTorchsVersionFile) {
  const char* text =
      "from typing import Optional\n__all__ = ['__version__', 'cuda']\n__version__ = '2.11.0+cu130'\n"
      "cuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n";
  EXPECT_EQ(version_field(text, "__version__"), "2.11.0+cu130");
  EXPECT_EQ(version_field(text, "cuda"), "13.0");
  EXPECT_EQ(version_field(text, "hip"), "");
  EXPECT_EQ(version_field(text, "cud"), "");
  EXPECT_EQ(version_field("", "cuda"), "");
}

TEST(Doctor, SeesWheelsThatAreMissing) {
  const TemporaryFolder folder;
  EXPECT_TRUE(has_failure(look_at_wheels(folder.path(), false)));
  folder.write("torch/lib/libtorch_cpu.so", "");
  folder.write("torch/version.py", "__version__ = '2.11.0'\ncuda: Optional[str] = None\n");
  folder.write("pyarrow/libarrow.so.2600", "");
  EXPECT_TRUE(has_failure(look_at_wheels(folder.path(), false)));  // Parquet is not there
  folder.write("pyarrow/libparquet.so.2600", "");
  const Findings findings = look_at_wheels(folder.path(), false);
  EXPECT_FALSE(has_failure(findings)) << as_table(findings);
  EXPECT_EQ(findings.front().found, "2.11.0, CPU only");
  EXPECT_EQ(look_at_wheels(folder.path(), true)[1].status, Status::warn);  // a GPU, and no CUDA part
}

// A listening socket on a free loopback port.
class Listener {
 public:
  Listener() : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    ready_ = ::bind(descriptor_, generic, size) == 0 && ::listen(descriptor_, 1) == 0 &&
             ::getsockname(descriptor_, generic, &size) == 0;
  }
  ~Listener() { ::close(descriptor_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  bool ready() const { return ready_; }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  int descriptor_;
  sockaddr_in address_{};
  bool ready_ = false;
};

TEST(Doctor, SeesAPortThatIsTaken) {
  const Listener listener;
  ASSERT_TRUE(listener.ready());
  for (const std::string& endpoint : {listener.endpoint(), "tcp://" + listener.endpoint()}) {
    const Finding finding = look_at_endpoint("serving.endpoint", endpoint);
    EXPECT_EQ(finding.status, Status::warn) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr("is taken"));
  }
}

TEST(Doctor, JudgesAddresses) {
  const TemporaryFolder folder;
  const auto status = [](const std::string& endpoint) { return look_at_endpoint("key", endpoint).status; };
  EXPECT_EQ(status("tcp://127.0.0.1:*"), Status::ok);
  EXPECT_EQ(status("127.0.0.1:0"), Status::ok);
  EXPECT_EQ(status("ipc://" + (folder / "socket").string()), Status::ok);
  EXPECT_EQ(status("ipc://" + (folder / "absent/socket").string()), Status::fail);
  EXPECT_EQ(status("ipc:///tmp/" + std::string(200, 'x')), Status::fail);
  EXPECT_EQ(status("tcp://127.0.0.1"), Status::fail);
  EXPECT_EQ(status("tcp://127.0.0.1:"), Status::fail);
  EXPECT_EQ(status("tcp://127.0.0.1:notaport"), Status::fail);
  EXPECT_EQ(status("tcp://203.0.113.7:5555"), Status::fail);  // of the documentation range: never ours
  EXPECT_EQ(status("udp://127.0.0.1:1"), Status::fail);
}

TEST(Doctor, TellsWhereValuesComeFromAndWhatIsUnset) {
  const Findings findings =
      describe_config(Config::from_toml("runtime.seed = 4\nruntime.threads = 1", "my.toml"));
  EXPECT_THAT(findings[0].found, HasSubstr("2 from my.toml"));
  EXPECT_THAT(findings[1].found, HasSubstr("governor.order_value_max"));
}

// The doctor's program beside programs that the test makes, in a folder and an environment of its own.
class DoctorProgram : public ::testing::Test {
 protected:
  DoctorProgram() { fs::copy_file(REGENT_TEST_DOCTOR, folder_ / "regent-doctor"); }
  void make_program(const std::string& name, const std::string& script) {
    fs::permissions(folder_.write(name, "#!/bin/sh\n" + script + "\n"), fs::perms::owner_all);
  }
  ProcessResult run(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"env",
                                 "-i",
                                 "-C",
                                 folder_.path().string(),
                                 "PATH=/usr/bin:/bin",
                                 (folder_ / "regent-doctor").string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_process(all, patient_ms);
  }
  nlohmann::json finding(const ProcessResult& result, const std::string& name) {
    const auto document = nlohmann::json::parse(result.standard_output);
    for (const auto& each : document["findings"]) {
      if (each["name"] == name) return each;
    }
    return {};
  }
  TemporaryFolder folder_;
};

TEST_F(DoctorProgram, StartsEveryProgramAndSaysWhichDoesNot) {
  make_program("regent-engine", "echo \"regent engine " + std::string(version()) + "\"");
  make_program("regent-train", "echo 'error while loading shared libraries: libtorch_cpu.so' >&2; exit 127");
  make_program("regent-serve", "echo 'regent serve 0.0.1'");
  const ProcessResult result = run({"--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(finding(result, "regent-engine")["status"], "ok");
  EXPECT_EQ(finding(result, "regent-train")["status"], "fail");
  EXPECT_THAT(finding(result, "regent-train")["found"].get<std::string>(), HasSubstr("libtorch_cpu.so"));
  EXPECT_EQ(finding(result, "regent-serve")["status"], "warn");
  EXPECT_THAT(finding(result, "not built")["found"].get<std::string>(),
              HasSubstr("regent-report, regent-data"));
  EXPECT_EQ(nlohmann::json::parse(result.standard_output)["ok"], false);
}

TEST_F(DoctorProgram, ReportsABrokenConfigurationAndGoesOn) {
  folder_.write("regent.toml", "[runtime]\nsedd = 1\n");
  const ProcessResult result = run({});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.standard_output, HasSubstr("regent.toml:2: unknown key 'runtime.sedd'"));
  EXPECT_THAT(result.standard_output, HasSubstr("memory"));
  EXPECT_THAT(result.standard_output, HasSubstr("1 failed"));
  EXPECT_THAT(result.standard_output, Not(HasSubstr("\033")));
}

TEST_F(DoctorProgram, FailsWhenADemandedGpuIsAbsent) {
  if (read_gpus().gpus.empty()) {
    const ProcessResult result = run({"--json", "--set", "runtime.device=cuda"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(finding(result, "device")["status"], "fail");
  } else {
    GTEST_SKIP() << "this machine has a GPU";
  }
}

TEST_F(DoctorProgram, AsksRegentDataAboutData) {
  make_program("regent-data",
               "[ \"$1\" = --version ] && echo 'regent data " + std::string(version()) +
                   "' && exit; [ \"$1 $2\" = 'check good.csv' ] && echo '3 rows, fine' && exit; "
                   "echo \"regent data: $2:7: close = -1\" >&2; exit 2");
  const ProcessResult good = run({"--json", "--data", "good.csv"});
  EXPECT_EQ(finding(good, "good.csv")["status"], "ok");
  EXPECT_EQ(finding(good, "good.csv")["found"], "3 rows, fine");
  const ProcessResult bad = run({"--json", "--data", "bad.csv"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(finding(bad, "bad.csv")["found"], "regent data: bad.csv:7: close = -1");
}

TEST_F(DoctorProgram, SaysThatDataCannotBeCheckedWithoutRegentData) {
  EXPECT_EQ(run({"--data", "good.csv"}).exit_code, 1);
}

TEST(Doctor, KeepsJsonValidWhateverAProgramPrinted) {
  const std::string json = as_json({{Status::fail, "programs", "x", "bytes \xff\xfe \"quoted\"\n", ""}});
  EXPECT_EQ(nlohmann::json::parse(json)["findings"].size(), 1U);
}

}  // namespace
}  // namespace regent::doctor
