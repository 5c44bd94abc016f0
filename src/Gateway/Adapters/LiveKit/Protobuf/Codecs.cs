namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>The codec of each type that a field may have.</summary>
internal static class Codecs
{
    private static readonly Dictionary<Type, object> Scalars = new()
    {
        [typeof(string)] = new StringCodec(),
        [typeof(byte[])] = new BytesCodec(),
        [typeof(bool)] = new BoolCodec(),
        [typeof(int)] = new IntegerCodec<int>(false, v => (ulong)(long)v, w => (int)w),
        [typeof(uint)] = new IntegerCodec<uint>(false, v => v, w => (uint)w),
        [typeof(long)] = new IntegerCodec<long>(true, v => (ulong)v, w => (long)w),
        [typeof(ulong)] = new IntegerCodec<ulong>(true, v => v, w => w),
        [typeof(float)] = new FloatCodec(),
    };

    public static Codec<T> For<T>() => (Codec<T>)(Scalars.GetValueOrDefault(typeof(T)) ?? Activator.CreateInstance(Composite(typeof(T)))!);

    private static Type Composite(Type type) => type switch
    {
        { IsEnum: true } => typeof(EnumCodec<>).MakeGenericType(type),
        _ when type.IsSubclassOf(typeof(Message)) => typeof(MessageCodec<>).MakeGenericType(type),
        _ => throw new NotSupportedException($"A field cannot be a {type}."),
    };
}
