// A job of the model as a line: "op=copy flags=6 chunk=64 blocks=300 dest=0:todo=101 fault=-1r12 event=p0@3".
#include <sstream>
#include <stdexcept>

#include "job_model.h"

namespace test::model {

namespace {

constexpr const char* kOps[] = {"copy", "zero", "compare"};

std::string text(const Bits& bits) {
  std::string text;
  for (const bool bit : bits) text += bit ? '1' : '0';
  return text;
}

Bits bits(const std::string& text) {
  Bits bits;
  for (const char c : text) bits.push_back(c == '1');
  return bits;
}

unsigned number(const std::string& text) { return static_cast<unsigned>(std::stoul(text)); }

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

}  // namespace

std::string to_text(const Job& job) {
  std::ostringstream out;
  out << "op=" << kOps[job.op] << " flags=" << job.flags << " chunk=" << job.chunk << " slots=" << job.slots
      << " blocks=" << job.blocks << " from=" << job.from << " limit=" << job.limit << " timeout=" << job.timeout;
  const auto put = [&](const char* name, const Bits& bits) {
    if (!bits.empty()) out << ' ' << name << '=' << text(bits);
  };
  put("known", job.known);
  put("wrong", job.wrong);
  put("zero", job.zero);
  put("same", job.same);
  for (const Destination& d : job.dests)
    out << " dest=" << d.at << ',' << text(d.todo) << ',' << text(d.check) << ',' << d.limit;
  for (const Fault& f : job.faults) out << " fault=" << f.disk << ',' << f.side << ',' << f.block;
  for (const Stall& s : job.stalls) out << " stall=" << s.disk << ',' << s.side << ',' << s.block << ',' << s.late;
  for (const Event& e : job.events) out << " event=" << e.what << ',' << e.dest << ',' << e.chunks;
  return out.str();
}

Job from_text(const std::string& line) {
  Job job;
  for (const std::string& word : split(line, ' ')) {
    const size_t at = word.find('=');
    const std::string name = word.substr(0, at), value = word.substr(at + 1);
    const std::vector<std::string> parts = split(value, ',');
    if (name == "op")
      job.op = value == "copy" ? KCOPYD_COPY : value == "zero" ? KCOPYD_ZERO : KCOPYD_COMPARE;
    else if (name == "flags")
      job.flags = number(value);
    else if (name == "chunk")
      job.chunk = number(value);
    else if (name == "slots")
      job.slots = number(value);
    else if (name == "blocks")
      job.blocks = number(value);
    else if (name == "from")
      job.from = number(value);
    else if (name == "limit")
      job.limit = number(value);
    else if (name == "timeout")
      job.timeout = number(value);
    else if (name == "known")
      job.known = bits(value);
    else if (name == "wrong")
      job.wrong = bits(value);
    else if (name == "zero")
      job.zero = bits(value);
    else if (name == "same")
      job.same = bits(value);
    else if (name == "dest")
      job.dests.push_back({number(parts.at(0)), bits(parts.at(1)), bits(parts.at(2)), number(parts.at(3))});
    else if (name == "fault")
      job.faults.push_back({std::stoi(parts.at(0)), parts.at(1).at(0), number(parts.at(2))});
    else if (name == "stall")
      job.stalls.push_back({std::stoi(parts.at(0)), parts.at(1).at(0), number(parts.at(2)), number(parts.at(3))});
    else if (name == "event")
      job.events.push_back({parts.at(0).at(0), std::stoi(parts.at(1)), number(parts.at(2))});
    else
      throw std::runtime_error("a job has no " + name);
  }
  return job;
}

}  // namespace test::model
