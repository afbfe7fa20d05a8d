#include "session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "devices.h"
#include "refused.h"
#include "unmount.h"

namespace platter::broker {
namespace {

// Copies a message out of a packet of exactly its length.
template <typename Message>
Message message_in(const Packet& packet) {
  if (packet.too_long || packet.length != sizeof(Message)) throw Refused(Status::kBadMessage, "length");
  Message message;
  std::memcpy(&message, packet.bytes.data(), sizeof message);
  return message;
}

bool is_access(Access access) { return access == Access::kRead || access == Access::kWrite; }

bool is_zero(const Device& device) {
  const Device zero{};
  return std::memcmp(&device, &zero, sizeof zero) == 0;
}

// Copies text into a reply. Truncates it and replaces control characters.
void put(const std::string& text, Reply& reply) {
  size_t length = std::min(text.size(), reply.detail.size() - 1);
  // Do not cut a UTF-8 character in half.
  while (length < text.size() && length > 0 && (text[length] & 0xc0) == 0x80) --length;
  std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), reply.detail.begin(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code < 0x20 || code == 0x7f ? '?' : c;
  });
}

}  // namespace

bool Session::answer_one() {
  const std::optional<Packet> packet = receive(socket_);
  if (!packet) return false;
  Header header{};
  if (packet->length >= sizeof header) std::memcpy(&header, packet->bytes.data(), sizeof header);
  Reply reply{};
  reply.header = {.magic = kMagic, .version = kVersion, .verb = header.verb};
  std::vector<Descriptor> opened;
  try {
    opened = obey(*packet);
  } catch (const Refused& refused) {
    reply.status = refused.status;
    reply.error = refused.error;
    put(refused.detail, reply);
  } catch (const std::system_error& error) {
    reply.status = Status::kFailed;
    reply.error = error.code().value();
    put(error.what(), reply);
  }
  return send(socket_, reply, opened) && reply.status != Status::kBadMessage;
}

std::vector<Descriptor> Session::obey(const Packet& packet) {
  if (packet.too_long || packet.length < sizeof(Header)) throw Refused(Status::kBadMessage, "length");
  Header header;
  std::memcpy(&header, packet.bytes.data(), sizeof header);
  if (header.magic != kMagic) throw Refused(Status::kBadMessage, "magic");
  if (header.version != kVersion) throw Refused(Status::kBadMessage, "version");
  if (packet.too_many_descriptors || (!packet.descriptors.empty() && header.verb != Verb::kReread)) {
    throw Refused(Status::kBadMessage, "descriptors");
  }
  if (header.verb != Verb::kName) return obey(message_in<Request>(packet), packet);
  name(message_in<NameRequest>(packet));
  return {};
}

std::vector<Descriptor> Session::obey(const Request& request, const Packet& packet) {
  const Verb verb = request.header.verb;
  if (verb < Verb::kOpen || verb > Verb::kPowerOff) throw Refused(Status::kBadMessage, "verb");
  if (!is_access(request.access) || (verb != Verb::kOpen && request.access != Access::kRead))
    throw Refused(Status::kBadMessage, "access");
  if (request.reserved != 0) throw Refused(Status::kBadMessage, "reserved");
  if ((verb == Verb::kUnmount) != (request.mount != 0)) throw Refused(Status::kBadMessage, "mount");
  const Device& device = named(request);
  const bool reads = verb == Verb::kOpen && request.access == Access::kRead;
  if (reads) return open_for_reading(roots_, device);
  if (device.access != Access::kWrite) throw Refused(Status::kNotApproved);
  if (verb == Verb::kOpen) return open_for_writing(roots_, device);
  if (verb == Verb::kReread)
    reread_partitions(roots_, device, packet.descriptors.empty() ? -1 : packet.descriptors.front().get());
  if (verb == Verb::kUnmount) unmount(roots_, device, request.mount);
  if (verb == Verb::kPowerOff) power_off(roots_, device);
  return {};
}

const Device& Session::named(const Request& request) const {
  if (request.device >= devices_.size()) throw Refused(Status::kNotNamed);
  return devices_[request.device];
}

void Session::name(const NameRequest& request) {
  if (request.count == 0 || request.count > kMaxDevices) throw Refused(Status::kBadMessage, "count");
  const auto end = request.devices.begin() + request.count;
  if (!std::all_of(end, request.devices.end(), is_zero)) throw Refused(Status::kBadMessage, "devices");
  const bool sound = std::all_of(request.devices.begin(), end,
                                 [](const Device& device) { return is_access(device.access) && device.reserved == 0; });
  if (!sound) throw Refused(Status::kBadMessage, "devices");
  if (!devices_.empty()) throw Refused(Status::kNotNamed, "named before");
  if (approval_ && approval_->size() != request.count) throw Refused(Status::kNotNamed, "count");
  std::vector<Device> devices;
  for (uint32_t i = 0; i < request.count; ++i) {
    const Device& device = request.devices[i];
    const std::string name = kernel_name(roots_, number_of(device));
    if (name.empty()) throw Refused(Status::kNotBlock);
    if (approval_ && ((*approval_)[i].name != name || (*approval_)[i].access != device.access))
      throw Refused(Status::kNotNamed, name);
    const Identity disk{number_of(device), device.size, device.disk_sequence};
    if (approval_ && (*approval_)[i].disk != disk) throw Refused(Status::kChanged, name);
    for (const Device& other : devices) {
      if (number_of(other) == number_of(device)) throw Refused(Status::kNotNamed, name);
    }
    devices.push_back(device);
  }
  devices_ = std::move(devices);
}

}  // namespace platter::broker
