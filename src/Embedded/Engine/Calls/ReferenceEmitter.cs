using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Nexus.Embedded.Calls;

/// <summary>Makes proxy classes: each method packs its arguments and hands them to <see cref="GrainReference"/>.</summary>
internal static class ReferenceEmitter
{
    private const BindingFlags Internal = BindingFlags.Instance | BindingFlags.NonPublic;

    private static readonly ConcurrentDictionary<Assembly, ModuleBuilder> s_modules = new();
    private static readonly ConstructorInfo s_baseConstructor = typeof(GrainReference).GetConstructors(Internal).Single();
    private static int s_count;

    public static Func<EmbeddedCluster, GrainInterface, GrainId, GrainReference> Emit(GrainInterface owner)
    {
        var module = s_modules.GetOrAdd(owner.Type.Assembly, static assembly => NewModule(assembly));
        var type = module.DefineType(
            $"Nexus.Embedded.Proxies.{owner.Type.Name}_{Interlocked.Increment(ref s_count)}",
            TypeAttributes.Class | TypeAttributes.Sealed | TypeAttributes.Public,
            typeof(GrainReference),
            [owner.Type]);
        Type[] parameters = [typeof(EmbeddedCluster), typeof(GrainInterface), typeof(GrainId)];
        EmitConstructor(type, parameters);
        for (var i = 0; i < owner.Methods.Length; i++)
        {
            EmitMethod(type, owner.Methods[i].Method, i);
        }

        var proxy = type.CreateType();
        var make = new DynamicMethod("Make", typeof(GrainReference), parameters, typeof(ReferenceEmitter).Module, skipVisibility: true);
        var il = make.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Newobj, proxy.GetConstructor(parameters)!);
        il.Emit(OpCodes.Ret);
        return make.CreateDelegate<Func<EmbeddedCluster, GrainInterface, GrainId, GrainReference>>();
    }

    // One dynamic assembly per interface assembly, which may see the internals of both it and the engine.
    private static ModuleBuilder NewModule(Assembly assembly)
    {
        var name = new AssemblyName($"Nexus.Embedded.Proxies.{assembly.GetName().Name}");
        var builder = AssemblyBuilder.DefineDynamicAssembly(name, AssemblyBuilderAccess.Run);
        var ignore = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
        foreach (var visible in new[] { assembly, typeof(ReferenceEmitter).Assembly }.Distinct())
        {
            builder.SetCustomAttribute(new CustomAttributeBuilder(ignore, [visible.GetName().Name!]));
        }

        return builder.DefineDynamicModule(name.Name!);
    }

    private static void EmitConstructor(TypeBuilder type, Type[] parameters)
    {
        var il = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, parameters).GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Ldarg_3);
        il.Emit(OpCodes.Call, s_baseConstructor);
        il.Emit(OpCodes.Ret);
    }

    private static void EmitMethod(TypeBuilder type, MethodInfo method, int index)
    {
        var parameters = method.GetParameters();
        var implementation = type.DefineMethod(
            $"{method.DeclaringType!.Name}.{method.Name}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot,
            method.ReturnType,
            [.. parameters.Select(parameter => parameter.ParameterType)]);
        var il = implementation.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Ldc_I4, parameters.Length);
        il.Emit(OpCodes.Newarr, typeof(object));
        for (var i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            if (parameters[i].ParameterType.IsValueType)
            {
                il.Emit(OpCodes.Box, parameters[i].ParameterType);
            }

            il.Emit(OpCodes.Stelem_Ref);
        }

        il.Emit(OpCodes.Call, CallFor(method));
        il.Emit(OpCodes.Ret);
        type.DefineMethodOverride(implementation, method);
    }

    private static MethodInfo CallFor(MethodInfo method)
    {
        var result = method.ReturnType;
        if (result.IsGenericType && result.GetGenericTypeDefinition() is var kind && (kind == typeof(Task<>) || kind == typeof(ValueTask<>)))
        {
            var name = kind == typeof(Task<>) ? nameof(GrainReference.CallTaskOf) : nameof(GrainReference.CallValueTaskOf);
            return Call(name).MakeGenericMethod(result.GetGenericArguments());
        }

        return result == typeof(Task) ? Call(nameof(GrainReference.CallTask))
            : result == typeof(ValueTask) ? Call(nameof(GrainReference.CallValueTask))
            : result == typeof(void) ? Call(nameof(GrainReference.CallVoid))
            : throw new NotSupportedException($"{method.DeclaringType}.{method.Name} returns {result}: outside the dialect.");
    }

    private static MethodInfo Call(string name) => typeof(GrainReference).GetMethod(name, Internal)!;
}
