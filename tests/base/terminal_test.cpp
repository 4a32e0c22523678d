#include "base/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace regent {
namespace {

// Standard error or output on a terminal of `columns` while it lives.
class Terminal {
 public:
  Terminal(int descriptor, unsigned short columns) : descriptor_(descriptor), saved_(::dup(descriptor)) {
    main_ = ::posix_openpt(O_RDWR | O_NOCTTY);
    ::grantpt(main_);
    ::unlockpt(main_);
    const int side = ::open(::ptsname(main_), O_RDWR | O_NOCTTY);
    const winsize size{24, columns, 0, 0};
    ::ioctl(side, TIOCSWINSZ, &size);
    ::dup2(side, descriptor_);
    ::close(side);
  }
  ~Terminal() {
    restore();
    ::close(main_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Everything that was written; ends the terminal, so that nothing is still on its way.
  std::string shown() {
    restore();
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(main_, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, descriptor_);
    ::close(saved_);
    saved_ = -1;
  }
  int descriptor_, saved_, main_ = -1;
};

TEST(Progress, PrintsOneLinePerTenthWhereNoTerminalIs) {
  ::testing::internal::CaptureStderr();
  {
    Progress progress("fitting", 1000);
    for (int done = 0; done <= 1000; ++done) progress.advance(done);
    progress.finish("3 symbols");
  }
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10) << text;
  EXPECT_NE(text.find("fitting: 10 %"), std::string::npos) << text;
  EXPECT_NE(text.find("fitting: 100 %"), std::string::npos) << text;
  EXPECT_NE(text.find("3 symbols"), std::string::npos) << text;
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find('\033'), std::string::npos);
}

TEST(Progress, SaysItsEndOnceWhateverTheTotal) {
  for (const std::int64_t total : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1}}) {
    ::testing::internal::CaptureStderr();
    {
      Progress progress("work", total);
      progress.advance(50);  // beyond the total
      progress.finish();
      progress.finish();
    }
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_NE(text.find("100 %"), std::string::npos) << text;
  }
}

TEST(Progress, RedrawsOneLineOnATerminalAndNeverWraps) {
  std::string text;
  {
    Terminal terminal(STDERR_FILENO, 50);
    Progress progress("fitting", 100'000);
    for (int done = 0; done <= 100'000; ++done)
      progress.advance(done, "a note that is much too long for this terminal");
    progress.finish("a note that is much too long for this terminal");
    progress.finish("a second end says nothing");
    text = terminal.shown();
  }
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("100 %"), std::string::npos) << text;
  EXPECT_LT(std::count(text.begin(), text.end(), '\r'), 1000) << "it must not draw at every step";
  const std::string last = text.substr(text.rfind("\rfitting"));
  const auto cells = std::count_if(last.begin(), last.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U && byte != '\r' && byte != '\n';
  });
  EXPECT_LE(cells, 50 + 3) << last;  // the erasing escape sequence takes three
}

TEST(Coloured, AddsNothingWhereNoTerminalIs) {
  // ctest and people alike run tests with a pipe or a terminal; the plain colour is never marked
  EXPECT_EQ(coloured("text", Colour::plain), "text");
  if (!stdout_is_terminal()) {
    EXPECT_EQ(coloured("text", Colour::red), "text");
  }
}

TEST(Coloured, MarksTextOnATerminalUnlessToldNotTo) {
  std::string red, without;
  {
    Terminal terminal(STDOUT_FILENO, 80);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
    red = coloured("text", Colour::red);
    ::setenv("NO_COLOR", "1", 1);
    without = coloured("text", Colour::red);
    ::unsetenv("NO_COLOR");
  }
  EXPECT_EQ(red, "\033[31mtext\033[0m");
  EXPECT_EQ(without, "text");
}

}  // namespace
}  // namespace regent
