# A desktop's polkit agent whose user dismisses the question: `polkit-agent.py PID` serves the process PID. It prints
# "ready", then "asked ACTION: MESSAGE" for a question, and dismisses that at the next line on stdin.
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

PATH = '/io/github/platter/agent'
AGENT = 'org.freedesktop.PolicyKit1.AuthenticationAgent'


class Cancelled(dbus.DBusException):
    _dbus_error_name = 'org.freedesktop.PolicyKit1.Error.Cancelled'


class Agent(dbus.service.Object):
    @dbus.service.method(AGENT, in_signature='sssa{ss}sa(sa{sv})', out_signature='', async_callbacks=('done', 'failed'))
    def BeginAuthentication(self, action, message, icon, details, cookie, identities, done, failed):
        def put_away(*_):
            sys.stdin.readline()
            failed(Cancelled('put away'))
            return False

        print(f'asked {action}: {message}', flush=True)
        GLib.io_add_watch(sys.stdin, GLib.IO_IN, put_away)

    @dbus.service.method(AGENT, in_signature='s', out_signature='')
    def CancelAuthentication(self, cookie):
        pass


def start_time(pid):
    with open(f'/proc/{pid}/stat') as stat:
        return int(stat.read().rpartition(')')[2].split()[19])  # field 22 of proc(5)


pid = int(sys.argv[1])
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
agent = Agent(bus, PATH)
authority = dbus.Interface(bus.get_object('org.freedesktop.PolicyKit1', '/org/freedesktop/PolicyKit1/Authority'),
                           'org.freedesktop.PolicyKit1.Authority')
subject = ('unix-process', {'pid': dbus.UInt32(pid), 'start-time': dbus.UInt64(start_time(pid))})
authority.RegisterAuthenticationAgent(subject, 'en_US.UTF-8', PATH)
print('ready', flush=True)
GLib.MainLoop().run()
