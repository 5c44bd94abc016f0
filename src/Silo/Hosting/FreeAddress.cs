using System.Net;
using System.Net.Sockets;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>Looks for taken addresses before anything is started, so that they are named at once and nothing has to be taken back.</summary>
internal static class FreeAddress
{
    /// <param name="setting">Names it in the refusal.</param>
    /// <exception cref="SettingsException">Another process has it, or it is not this machine's.</exception>
    public static void Require(string setting, IPEndPoint address)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(address);
            probe.Listen();
        }
        catch (SocketException e)
        {
            throw new SettingsException($"{setting}: {address} cannot be bound: {e.Message}: choose another address or port");
        }
    }
}
