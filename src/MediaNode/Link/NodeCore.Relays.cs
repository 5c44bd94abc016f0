namespace Nexus.MediaNode.Link;

/// <summary>Links to other nodes.</summary>
public sealed partial class NodeCore
{
    private readonly NodeRelays _relays;

    /// <summary>Told of each change of a link.</summary>
    public Action<RelayActual>? RelayTold
    {
        get => _relays.Told;
        init => _relays.Told = value;
    }

    /// <summary>
    /// Brings a link to another node to what is desired: at first both ends without <see cref="RelayDesired.Remote"/>, and then each with
    /// what the other said.
    /// </summary>
    /// <exception cref="FormatException"><see cref="RelayDesired.Remote"/> is none of a node's.</exception>
    public RelayActual ApplyRelay(RelayDesired desired) => _relays.Apply(desired);

    /// <summary>Ends a link; nothing happens when there is none.</summary>
    public void CloseRelay(string id) => _relays.Close(id);
}
