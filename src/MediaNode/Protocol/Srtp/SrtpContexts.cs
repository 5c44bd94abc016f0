namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>Both directions of a session's media encryption, made off the loop and then owned by it.</summary>
public sealed class SrtpContexts(ISrtpCipher local, ISrtpCipher remote) : IDisposable
{
    public SrtpContexts(SrtpKeyingMaterial keys)
        : this(SrtpCiphers.Create(keys.Profile, keys.Local), SrtpCiphers.Create(keys.Profile, keys.Remote))
    {
    }

    public SrtpProfile Profile => local.Profile;

    public SrtpOutbound Outbound { get; } = new(local);

    public SrtpInbound Inbound { get; } = new(remote);

    public void Dispose()
    {
        Outbound.Dispose();
        Inbound.Dispose();
    }
}
